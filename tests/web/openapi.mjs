// SPDX-License-Identifier: GPL-3.0-or-later
// Reads an OpenAPI 3.1 description and answers whether values fit the schemas in it.
import Ajv2020 from 'ajv/dist/2020.js';

/** { document, resolve (node) → the node itself or what its $ref names, validator (pointer) → (value) → faults as text, none when it fits }. */
export function loadDescription (document) {
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  ajv.addSchema(document, 'openapi', undefined, false);
  const compiled = new Map();
  const validator = (pointer) => {
    if (!compiled.has(pointer)) compiled.set(pointer, ajv.compile({ $ref: `openapi${pointer}` }));
    const validate = compiled.get(pointer);
    const inWords = ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`;
    return (value) => validate(value) ? [] : validate.errors.map(inWords);
  };
  const at = (pointer) => pointer.slice(2).split('/').reduce((node, key) => node?.[key.replace(/~1/g, '/').replace(/~0/g, '~')], document);
  const resolve = (node) => node?.$ref ? at(node.$ref) : node;
  return { document, validator, resolve };
}

/** A JSON pointer to a node below `keys`. */
export function pointerTo (...keys) {
  return `#/${keys.map((key) => encodeURIComponent(String(key).replace(/~/g, '~0').replace(/\//g, '~1'))).join('/')}`;
}

/** Whether one answer is one of those described for the operation. */
export function check (api, path, method, answer, expected) {
  const operation = api.document.paths[path][method.toLowerCase()];
  const faults = [];
  if (answer.status !== expected) faults.push(`answered ${answer.status}, expected ${expected}: ${answer.body.toString('utf8', 0, 300)}`);
  const named = operation.responses[answer.status];
  if (!named) return [...faults, `${answer.status} is not described`];
  const described = api.resolve(named);
  const pointer = named.$ref ?? pointerTo('paths', path, method.toLowerCase(), 'responses', answer.status);
  for (const [name, header] of Object.entries(described.headers ?? {})) {
    const { required, schema } = api.resolve(header);
    const value = answer.headers.get(name);
    if (value === null && required) faults.push(`header ${name} is missing`);
    if (value !== null && schema) {
      const at = header.$ref ? `${header.$ref}/schema` : `${pointer}/headers/${name}/schema`;
      faults.push(...api.validator(at)(value).map((fault) => `header ${name}: ${fault} in ${value}`));
    }
  }
  if (method === 'HEAD') return answer.body.length ? [...faults, 'HEAD has a body'] : faults;
  if (!described.content) return faults;
  const type = (answer.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase();
  const key = Object.keys(described.content).find((candidate) => candidate === type || candidate === '*/*');
  if (!key) return [...faults, `content type ${type}, described: ${Object.keys(described.content).join(', ')}`];
  const text = answer.body.toString('utf8');
  let value = text;
  if (type === 'application/json') {
    try {
      value = JSON.parse(text);
    } catch (error) {
      return [...faults, `not JSON: ${error.message}`];
    }
  }
  const schemaPointer = `${pointer}/content/${encodeURIComponent(key.replace(/~/g, '~0').replace(/\//g, '~1'))}/schema`;
  return [...faults, ...api.validator(schemaPointer)(value)];
}
