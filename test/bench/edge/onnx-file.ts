/** The few messages of an ONNX file that a recurrent model needs, in protobuf's wire form. @see onnx/onnx.proto. */

type Field = Uint8Array<ArrayBuffer>;

/** Wire types. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

const FLOAT = 1;
const INT64 = 7;
/** Of `AttributeProto.type`. */
const ATTRIBUTE_INT = 2;

export interface OnnxNode {
  readonly type: string;
  /** Names of values; an empty one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number>>;
}

/** A weight, or a constant of int64. */
export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: 'float' | 'int64';
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** An ONNX file of opset 17. */
export function writeOnnx({ nodes, tensors, inputs, outputs }: OnnxGraph): Uint8Array<ArrayBuffer> {
  const graph = [
    ...nodes.map((node) => message(1, nodeFields(node))),
    text(2, 'graph'),
    ...tensors.map((tensor) => message(5, tensorFields(tensor))),
    ...inputs.map((value) => message(11, valueFields(value))),
    ...outputs.map((value) => message(12, valueFields(value))),
  ];
  return joined([integer(1, 8), message(7, graph), message(8, [text(1, ''), integer(2, 17)])]);
}

function nodeFields({ type, inputs, outputs, attributes = {} }: OnnxNode): Field[] {
  return [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, type),
    ...Object.entries(attributes).map(([name, value]) =>
      message(5, [text(1, name), integer(3, value), integer(20, ATTRIBUTE_INT)]),
    ),
  ];
}

function tensorFields({ name, shape, data }: OnnxTensor): Field[] {
  const type = data instanceof Float32Array ? FLOAT : INT64;
  const raw = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength); // of a new array
  return [...shape.map((size) => integer(1, size)), integer(2, type), text(8, name), bytes(9, raw)];
}

/** Without a shape: the graph says it. */
function valueFields({ name, type }: OnnxValue): Field[] {
  return [text(1, name), message(2, [message(1, [integer(1, type === 'float' ? FLOAT : INT64)])])];
}

function integer(field: number, value: number): Field {
  return Uint8Array.from([...varint((field << 3) | VARINT), ...varint(value)]);
}

function text(field: number, value: string): Field {
  return bytes(field, new TextEncoder().encode(value));
}

function message(field: number, fields: readonly Field[]): Field {
  return bytes(field, joined(fields));
}

function bytes(field: number, value: Field): Field {
  return joined([
    Uint8Array.from([...varint((field << 3) | LENGTH_DELIMITED), ...varint(value.length)]),
    value,
  ]);
}

/** @param value a whole number below 2^53. */
function varint(value: number): number[] {
  const low = value % 128;
  return value < 128 ? [low] : [low | 128, ...varint(Math.floor(value / 128))];
}

function joined(parts: readonly Field[]): Field {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
