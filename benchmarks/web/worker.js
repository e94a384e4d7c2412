// The course's own Pyodide, numpy and wheel, and in them the same contestants that run natively.
const runtime = new URL("/course/rt/pyodide/", self.location.href).href;
const files = ["task.py", "contestants/__init__.py", "contestants/ours.py", "contestants/ours_trace.py"];

const program = `
import json, sys
import numpy as np
sys.path.insert(0, "/bench")
from contestants import ours, ours_trace
rows = {c.key: c for module in (ours, ours_trace) for c in module.contestants("chromium", "Chromium")}

def reply(command):
    command = json.loads(command)
    if command["do"] == "list":
        return json.dumps({"versions": ours.versions()})
    row = rows[command["key"]]
    if command["do"] == "answer":
        return json.dumps({k: np.asarray(v, dtype=np.float64).tolist() for k, v in row.answer().items()})
    return json.dumps(row.seconds(command["steps"]))

reply
`;

async function start() {
  const { loadPyodide } = await import(`${runtime}pyodide.mjs`);
  const pyodide = await loadPyodide({ indexURL: runtime, lockFileURL: `${runtime}page-lock.json` });
  await pyodide.loadPackage(["numpy", "pinn-course"]);
  pyodide.FS.mkdirTree("/bench/contestants");
  for (const file of files)
    pyodide.FS.writeFile(`/bench/${file}`, await (await fetch(`/bench/${file}`)).text());
  const reply = pyodide.runPython(program);
  return { reply, pyodide: pyodide.version };
}

const ready = start();

onmessage = async ({ data }) => {
  try {
    const { reply, pyodide } = await ready;
    const answer = JSON.parse(reply(JSON.stringify(data)));
    if (data.do === "list") answer.versions.pyodide = pyodide;
    postMessage({ answer });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
