/**
 * Fill in a template of Python's `str.format`: `{name}` is a setting, `{{` and `}}` are braces.
 *
 * @param {string} template
 * @param {import("./settings.js").Spec[]} schema
 * @param {Record<string, number | string>} settings
 */
export function fillTemplate(template, schema, settings) {
  const kinds = new Map(schema.map(({ name, kind }) => [name, kind]));
  return template.replace(/\{\{|\}\}|\{(\w+)\}/g, (match, name) => {
    if (match === "{{") return "{";
    if (match === "}}") return "}";
    return kinds.has(name) ? pythonNumber(settings[name], kinds.get(name)) : match;
  });
}

/** A value as Python writes it: a float keeps its point. */
function pythonNumber(value, kind) {
  const text = String(value);
  return kind === "float" && /^-?\d+$/.test(text) ? `${text}.0` : text;
}
