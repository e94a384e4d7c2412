// Runs a Python file in the Pyodide of the built site, under Node: `node pyodide_run.mjs RT FILE ARGUMENT`.
// The file defines `main(argument)`, which returns text; that text is printed.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [rt, file, argument] = process.argv.slice(2);
const folder = `${resolve(rt, "pyodide")}/`;
const { loadPyodide } = await import(pathToFileURL(`${folder}pyodide.mjs`).href);

// the runtime may use what the site has, and nothing else
globalThis.fetch = (address) => {
  throw new Error(`asked for ${address}`);
};

const pyodide = await loadPyodide({ indexURL: folder, lockFileURL: `${folder}page-lock.json` });
await pyodide.loadPackage(["numpy", "pinn-course"], { messageCallback() {} });
pyodide.runPython(readFileSync(file, "utf8"));
process.stdout.write(pyodide.globals.get("main")(argument));
