// Runs in the worker: fetches the runtime's files with a count of bytes, and checks each against the manifest.

import { sha256 } from "../../view/digest.js";

const MANIFEST = "manifest.json";
const LOCK = "pyodide/page-lock.json";
const CORE = ["pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip"].map(inPyodide);

const fetchFromServer = self.fetch.bind(self);

/** A file could not be had as it was published. */
export class FileError extends Error {
  constructor(path, cause) {
    super(`The file ${path} ${cause}.`);
  }
}

/**
 * Fetch everything that Pyodide is going to ask for.
 *
 * A response is handed out as soon as its headers are there, so that WebAssembly is compiled while it arrives; and
 * it is handed out as it came from `fetch`, because only then does the browser keep the compiled code for the next
 * visit. The bytes are counted and checked in a copy.
 *
 * @param {string} base address of the folder `rt/`
 * @param {(loaded: number, total: number) => void} onProgress
 * @returns {{lock: Promise<any>, take: (url: string) => Promise<Response> | undefined, complete: Promise<void>}}
 *   the lock file; `take` gives the response from an address, once; `complete` is settled when all files are checked
 */
export function download(base, onProgress) {
  const files = new Map();
  const published = readPublished(base);
  published.catch(() => {}); // as with every promise here that may fail: `complete` reports it
  let loaded = 0;
  let total = 0;

  const begin = (path) => {
    const pair = fetchFile(base, path).then((response) => [asWasm(path, response), response.clone()]);
    pair.catch(() => {});
    files.set(new URL(path, base).href, { path, pair });
  };

  const verified = async ({ path, pair }) => {
    const entry = (await published).get(path);
    if (!entry) throw new FileError(path, "is not in the list of runtime files");
    total += entry.bytes;
    const [, copy] = await pair;
    return check(copy, entry, (bytes) => {
      loaded += bytes;
      onProgress(loaded, total);
    });
  };

  for (const path of [LOCK, ...CORE]) begin(path);
  const [lockFile, ...core] = [...files.values()].map(verified);
  const lock = lockFile.then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
  const wheels = lock.then(({ packages }) => {
    const names = Object.values(packages).map(({ file_name: name }) => inPyodide(name));
    for (const name of names) begin(name);
    return Promise.all(names.map((name) => verified(files.get(new URL(name, base).href))));
  });
  lock.catch(() => {});
  return {
    lock,
    take: (url) => files.get(url)?.pair.then(([response]) => response),
    complete: Promise.all([...core, wheels]).then(() => undefined),
  };
}

/** What the manifest says of every runtime file, by its path. */
async function readPublished(base) {
  const response = await fetchFile(base, MANIFEST);
  try {
    const { files } = await response.json();
    return new Map(files.map((entry) => [entry.path, entry]));
  } catch {
    throw new FileError(MANIFEST, "is damaged");
  }
}

function inPyodide(name) {
  return `pyodide/${name}`;
}

/** Some static hosts do not know the type of WebAssembly, and then browsers refuse to compile it as it arrives. */
function asWasm(path, response) {
  const type = "application/wasm";
  if (!path.endsWith(".wasm") || response.headers.get("content-type") === type) return response;
  return new Response(response.clone().body, { headers: { "content-type": type } });
}

async function fetchFile(base, path) {
  let response;
  try {
    response = await fetchFromServer(new URL(path, base));
  } catch {
    throw new FileError(path, "could not be reached");
  }
  if (!response.ok) throw new FileError(path, `is missing (the server answers ${response.status})`);
  return response;
}

/** The bytes of a file, if they are those that were published. */
async function check(response, entry, count) {
  const bytes = new Uint8Array(entry.bytes);
  let length = 0;
  try {
    for await (const part of parts(response.body)) {
      if (length + part.length <= entry.bytes) bytes.set(part, length);
      length += part.length;
      count(part.length);
    }
  } catch {
    throw new FileError(entry.path, "broke off while it was loaded");
  }
  if (length !== entry.bytes)
    throw new FileError(entry.path, `is damaged: ${length} bytes, not ${entry.bytes}`);
  const digest = await sha256(bytes); // where there is none, the length has to do
  if (digest !== null && digest !== entry.sha256) {
    throw new FileError(entry.path, "is damaged: its checksum is wrong");
  }
  return bytes;
}

async function* parts(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
