import { VERSION } from '@onnx-forge/infer';
import { z } from 'zod';
import type { Operation, Operations } from './operations/operation.js';

/** The service as OpenAPI 3.1 describes it, made from the schemas that check its requests. */
export function openApi(operations: ReadonlyMap<string, Operations>, { bearer }: { readonly bearer: boolean }): object {
  const paths = [...operations].flatMap(([name, ofModel]) =>
    Object.entries(ofModel).map(
      ([verb, operation]) =>
        [`/${name}/${verb}`, { post: entry(name, verb, operation as unknown as Operation) }] as const,
    ),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'onnx-forge models', version: VERSION },
    ...(bearer && {
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    }),
    paths: Object.fromEntries(paths),
  };
}

function entry(name: string, verb: string, { summary, body, answers }: Operation): object {
  return {
    operationId: `${name}-${verb}`,
    tags: [name],
    summary,
    requestBody: { required: true, content: json(z.toJSONSchema(body, { io: 'input', target: 'draft-2020-12' })) },
    responses: {
      200: { description: answers },
      default: { description: 'what is wrong, in one line', content: json(ERROR) },
    },
  };
}

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: { type: 'string' } },
    },
  },
};

function json(schema: object): object {
  return { 'application/json': { schema } };
}
