import { createHash } from 'node:crypto';
import type { Mutation } from '../mutate.js';
import { jsonPart } from '../mutate-json.js';

const LENGTH = 8;

function headerOf(input: Uint8Array): Uint8Array {
  if (input.length < LENGTH) return new Uint8Array();
  const size = Number(Buffer.from(input).readBigUInt64LE(0));
  return input.subarray(LENGTH, Math.min(input.length, LENGTH + size));
}

function withHeader(input: Uint8Array, header: Uint8Array): Uint8Array {
  const length = Buffer.alloc(LENGTH);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, input.subarray(LENGTH + headerOf(input).length)]);
}

/** Changes of the JSON header; its length fits. */
export const MUTATE_HEADER: readonly Mutation[] = jsonPart(headerOf, withHeader);

type Header = Record<string, { data_offsets?: [number, number]; [key: string]: unknown }>;

function parsed(input: Uint8Array): Header | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(headerOf(input)).toString());
    return typeof json === 'object' && json !== null ? (json as Header) : undefined;
  } catch {
    return undefined;
  }
}

function withParsed(input: Uint8Array, header: Header): Uint8Array {
  try {
    return withHeader(input, Buffer.from(JSON.stringify(header)));
  } catch (error) {
    // JSON.parse reads what is nested too deeply for JSON.stringify.
    if (error instanceof RangeError) return input;
    throw error;
  }
}

/** Changes of a JSON text within the metadata. */
export const MUTATE_METADATA: readonly Mutation[] = jsonPart(
  (input) => Buffer.from(textOf(parsed(input)) ?? ''),
  (input, json) => {
    const header = parsed(input);
    const key = header && keyOfText(header);
    if (!header || key === undefined) return input;
    header.__metadata__![key] = Buffer.from(json).toString();
    return withParsed(input, header);
  },
);

function keyOfText(header: Header): string | undefined {
  const metadata = header.__metadata__;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  return Object.keys(metadata).find((key) => {
    const text = metadata[key];
    return typeof text === 'string' && text.startsWith('{');
  });
}

function textOf(header: Header | undefined): string | undefined {
  const key = header && keyOfText(header);
  return key === undefined ? undefined : String(header!.__metadata__![key]);
}

/** The hash of a checkpoint as its content has it: of the text, then of each array's name and bytes. */
export function repairHash(input: Uint8Array): Uint8Array {
  const header = parsed(input);
  const text = textOf(header);
  if (!header || text === undefined || !('sha256' in header.__metadata__!)) return input;
  const hash = createHash('sha256').update(text);
  const data = input.subarray(LENGTH + headerOf(input).length);
  for (const [name, entry] of Object.entries(header)) {
    const [from, to] = Array.isArray(entry?.data_offsets) ? entry.data_offsets : [0, 0];
    // Anything may stand there after other changes; an array, nested deeply, is none that subarray can make a number of.
    if (typeof from !== 'number' || typeof to !== 'number') return input;
    if (name !== '__metadata__') hash.update(name).update(data.subarray(from, to));
  }
  header.__metadata__!.sha256 = hash.digest('hex');
  return withParsed(input, header);
}
