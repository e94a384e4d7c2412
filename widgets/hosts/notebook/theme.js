/**
 * Let the charts follow JupyterLab between light and dark, in the way in which pages say it.
 *
 * @returns {() => void} stops it
 */
export function followTheme() {
  const page = document.documentElement;
  const show = () => {
    const theme = document.body.dataset.jpThemeLight === "false" ? "dark" : "light";
    if (page.dataset.theme !== theme) page.dataset.theme = theme;
  };
  show();
  const observer = new MutationObserver(show);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  return () => observer.disconnect();
}
