// Typesets equations for equations.py: reads one JSON line {tex, display} after the other and answers each with
// {html} or {error}. The first answer is {css}, the style sheet for all of them.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [nodeModules, fontURL] = process.argv.slice(2);
const require = createRequire(`${nodeModules}/`);

const MathJax = await require("mathjax").init({
  loader: { load: ["input/tex-full", "output/chtml", "a11y/assistive-mml"] },
  // a mistake in a formula is an error of the build, not a red word on the page
  tex: {
    packages: { "[-]": ["noerrors", "noundefined"] },
    formatError: (_jax, error) => {
      throw error;
    },
  },
  // the style sheet serves every page, so it has every glyph
  chtml: { fontURL, adaptiveCSS: false },
  startup: { typeset: false },
});
const adaptor = MathJax.startup.adaptor;

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

answer({ css: adaptor.textContent(MathJax.chtmlStylesheet()) });
for await (const line of createInterface({ input: process.stdin })) {
  const { tex, display } = JSON.parse(line);
  try {
    const equation = MathJax.tex2chtml(tex, { display });
    // wide equations scroll on narrow screens, also with the keyboard
    if (display) adaptor.setAttribute(equation, "tabindex", "0");
    answer({ html: adaptor.outerHTML(equation) });
  } catch (error) {
    answer({ error: error.message });
  }
}
