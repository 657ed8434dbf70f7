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
