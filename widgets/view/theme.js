const COLOURS = ["ink", "muted", "grid", "1", "2", "3", "4", "5"];

/** Colours and text size of charts inside an element, as the style sheet sets them. */
export function chartTheme(element) {
  const style = getComputedStyle(element);
  const colours = COLOURS.map((name) => [name, style.getPropertyValue(`--chart-${name}`).trim()]);
  return { ...Object.fromEntries(colours), font: style.fontFamily, size: Number.parseFloat(style.fontSize) };
}

/**
 * Call back whenever the page switches between light and dark.
 *
 * @returns {() => void} stops it
 */
export function onThemeChange(callback) {
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", callback);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", callback);
  };
}
