let loading = null;

/**
 * Load the chart library, once for the page.
 *
 * @param {string | object} address or the library itself, where it is there already
 * @returns {Promise<any>} Plotly
 */
export function loadPlotly(address) {
  if (typeof address !== "string") return Promise.resolve(address);
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error("the chart library could not be loaded"));
    };
    document.head.append(script);
  });
  return loading;
}
