// On every page of JupyterLite: the way back to the course, the original, a copy to keep; and when something does not
// start, what it is, in a sentence.

const APP_LIMIT = 45_000;
const KERNEL_LIMIT = 60_000;
const LOOK_AGAIN = 250;
const CORE = ["pyodide-lock.json", "pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip"];
const AT_START = /^(micropip|piplite|sqlite3|ipykernel|comm|pyodide_kernel|jedi|ipython)-/;
const FATAL = /PythonError|Pyodide|pyodide|WebAssembly|dynamically imported module|Loading chunk/;

const path = new URLSearchParams(window.location.search).get("path")?.split("#")[0] ?? "";
const rt = new URL("../../rt/pyodide/", window.location.href);
let leaving = false;
let explained = false;

const bar = element("header", { id: "course-bar" });
const back = element("a", { href: "../../book/index.html" }, "← To the course");
const message = element("span", { role: "status" });
bar.append(back);
if (path) {
  bar.append(
    element("button", { type: "button", onclick: reset }, "Reset to the original"),
    element("button", { type: "button", onclick: download }, "Download"),
  );
}
bar.append(message);
const style = element("style");
style.textContent = `
#course-bar {
  position: fixed; inset: 0 0 auto 0; z-index: 10000; box-sizing: border-box; height: 36px; padding: 0 12px;
  display: flex; gap: 12px; align-items: center; overflow: hidden; white-space: nowrap;
  font: 14px/1.3 system-ui, sans-serif; color: #1f2328; background: #eef3f8; border-bottom: 1px solid #b8c4d0;
}
#course-bar.is-open { height: auto; min-height: 36px; padding: 6px 12px; white-space: normal; flex-wrap: wrap; }
#course-bar a { color: #00507f; }
#course-bar button { font: inherit; color: inherit; background: #ffffff; border: 1px solid #8593a1; border-radius: 4px; padding: 2px 8px; }
#course-bar .is-problem { color: #8a2b00; font-weight: 600; }
body > #main { top: 36px !important; height: calc(100% - 36px) !important; }`;

function element(tag, attributes = {}, text = "") {
  return Object.assign(document.createElement(tag), attributes, { textContent: text });
}

function say(text, isProblem = false) {
  message.textContent = text;
  message.classList.toggle("is-problem", isProblem);
  bar.classList.toggle("is-open", text !== "");
}

/** Drop the reader's changes of this notebook. */
async function reset() {
  leaving = true;
  try {
    await window.jupyterapp?.serviceManager.contents.delete(path);
  } catch {
    // nothing had been changed
  }
  window.location.reload();
}

/** Save the notebook as it is now, or the original if JupyterLite does not run. */
function download() {
  if (window.jupyterapp?.commands.hasCommand("docmanager:download")) {
    window.jupyterapp.commands.execute("docmanager:download");
  } else {
    element("a", { href: `../files/${path}`, download: path }).click();
  }
}

async function nameThePage() {
  try {
    const pages = await (await fetch(new URL("../pages.json", window.location.href))).json();
    const page = pages[path];
    if (page) Object.assign(back, { href: `../../${page.address}`, textContent: `← Page: ${page.title}` });
  } catch {
    // the way to the course is there
  }
}

function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What `look` gives, as soon as it is something; null when the time is over. */
async function until(look, limit) {
  const end = performance.now() + limit;
  while (performance.now() < end) {
    const found = look();
    if (found) return found;
    await wait(LOOK_AGAIN);
  }
  return null;
}

/** The first file of the kernel that the server does not have, and whether Python starts without it. */
async function missingFile() {
  const present = async (name) => {
    try {
      return (await fetch(new URL(name, rt), { method: "HEAD" })).ok;
    } catch {
      return false;
    }
  };
  for (const name of CORE) if (!(await present(name))) return { name, starts: false };
  const { packages } = await (await fetch(new URL(CORE[0], rt))).json();
  const wheels = Object.values(packages).map((entry) => entry.file_name);
  const found = await Promise.all(wheels.map(present));
  const name = wheels.find((_, k) => !found[k]);
  return name ? { name, starts: !AT_START.test(name) } : null;
}

/** Say once why there is no Python. */
async function explain(otherwise) {
  if (explained) return;
  explained = true;
  const missing = await missingFile().catch(() => ({ name: CORE[0] }));
  const cause = missing
    ? `The file ${missing.name} is missing on the server, or cannot be reached.`
    : otherwise;
  say(`${cause} Python does not run here; the page has the same experiments and needs none of this.`, true);
}

function storageWorks() {
  return new Promise((resolve) => {
    try {
      const request = window.indexedDB.open("course-probe");
      request.onsuccess = () => resolve(true);
      request.onerror = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}

async function watchKernel(app) {
  checkFiles();
  const sessions = app.serviceManager.sessions;
  const session = await until(() => [...sessions.running()][0], KERNEL_LIMIT);
  const kernel = session && app.serviceManager.kernels.connectTo({ model: session.kernel });
  const started = kernel && (await Promise.race([kernel.info.then(() => true), wait(KERNEL_LIMIT)]));
  if (started) explained = true;
  else await explain("Python did not start within a minute.");
}

/** Name a file that is missing before anybody waits for it. */
async function checkFiles() {
  const missing = await missingFile().catch(() => ({ name: CORE[0], starts: false }));
  if (missing?.starts) {
    say(
      `The file ${missing.name} is missing on the server: cells that need it fail. The page does not need it.`,
      true,
    );
  } else if (missing) {
    explain("");
  }
}

async function watch() {
  nameThePage();
  if (typeof WebAssembly !== "object") {
    explained = true;
    say(
      "This browser has no WebAssembly, or it is switched off, so notebooks cannot run. The page still reads.",
      true,
    );
    return;
  }
  const app = await until(() => window.jupyterapp, APP_LIMIT);
  if (!app) {
    await explain("JupyterLite did not start; a file of it may be missing on the server.");
    return;
  }
  if (!(await storageWorks())) {
    say("This window keeps nothing: your changes are lost when it closes. Download keeps them.");
  }
  if (path) watchKernel(app);
}

document.head.append(style);
document.body.prepend(bar);
window.addEventListener("beforeunload", (event) => leaving && event.stopImmediatePropagation(), true);
for (const kind of ["error", "unhandledrejection"]) {
  window.addEventListener(kind, (event) => {
    if (FATAL.test(String(event.reason ?? event.message))) explain("Python broke off while it started.");
  });
}
watch();
