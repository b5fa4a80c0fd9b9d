/** The safetensors dtypes that packs use, and the views over them. */
const VIEWS = {
  F32: Float32Array,
  U32: Uint32Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;

export type Dtype = keyof typeof VIEWS;
export type TensorData = Float32Array | Uint32Array | Uint16Array | Int8Array | Uint8Array;

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface Safetensors {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** A pack that is not what it claims to be; the message names what is wrong. */
export class PackError extends Error {
  override readonly name = 'PackError';
}

const MAX_HEADER_BYTES = 1 << 20;
const PREFIX_BYTES = 8;

/**
 * Lays tensors out as one safetensors file, in the order given, each starting at a multiple of its element size.
 * @throws RangeError when the order would need a gap, which the format forbids: sort by falling element size.
 * @see https://github.com/huggingface/safetensors#format
 */
export function writeSafetensors(
  tensors: readonly Tensor[],
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const head = writeHead(tensors, metadata);
  const bytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  const file = new Uint8Array(head.length + bytes);
  file.set(head);
  let position = head.length;
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

/**
 * All of a safetensors file that comes before its first tensor: for files that are written tensor by tensor.
 * @throws RangeError as {@link writeSafetensors}.
 */
export function writeHead(
  tensors: readonly Tensor[],
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (offset % data.BYTES_PER_ELEMENT !== 0) {
      throw new RangeError(`tensor ${name} would start at byte ${offset}, off its element size`);
    }
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const encoded = new TextEncoder().encode(text);
  const headerBytes = Math.ceil(encoded.length / PREFIX_BYTES) * PREFIX_BYTES;
  const head = new Uint8Array(PREFIX_BYTES + headerBytes);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.fill(0x20, PREFIX_BYTES); // the format pads with spaces
  head.set(encoded, PREFIX_BYTES);
  return head;
}

/**
 * Reads a safetensors file as views over its bytes; nothing is copied.
 * @param file starting at a multiple of 4 in its buffer.
 * @throws PackError when the file is cut off, has gaps or overlaps, or holds a dtype that packs do not use.
 */
export function readSafetensors(file: Uint8Array<ArrayBuffer>): Safetensors {
  const { metadata, tensors: described, bytes } = readHead(file, file.length);
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, start, elements } of described) {
    const view = VIEWS[dtype];
    const byteOffset = file.byteOffset + start;
    if (byteOffset % view.BYTES_PER_ELEMENT !== 0) throw new PackError(`tensor ${name} is not aligned`);
    tensors.set(name, { name, shape, data: new view(file.buffer, byteOffset, elements) });
  }
  if (bytes !== file.length) {
    throw new PackError(`the file has ${file.length - bytes} bytes after its last tensor`);
  }
  return { metadata, tensors };
}

/** Where a tensor is in its file. */
export interface TensorPlace {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Of the first byte, counted from the file's. */
  readonly start: number;
}

/**
 * Reads what a safetensors file holds, in the file's order.
 * @param head the file's beginning, its header at least.
 * @param fileBytes the file's length.
 * @returns also `bytes`, the end of the last tensor.
 * @throws PackError when the file is cut off, has gaps or overlaps, or holds a dtype that packs do not use.
 */
export function readHead(
  head: Uint8Array,
  fileBytes: number,
): Pick<Safetensors, 'metadata'> & { tensors: TensorPlace[]; bytes: number } {
  const { header, dataStart } = readHeader(head);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isStringRecord(metadata)) throw new PackError('the header’s __metadata__ is not a map of strings');
  const described = Object.entries(entries).map(([name, entry]) => describe(name, entry));
  described.sort((a, b) => a.start - b.start || a.end - b.end);
  let expected = 0;
  const tensors = described.map(({ name, dtype, shape, start, end }) => {
    if (start !== expected) throw new PackError(`tensor ${name} starts at byte ${start}, not ${expected}`);
    const elements = shape.reduce((product, size) => product * size, 1);
    if (end - start !== elements * VIEWS[dtype].BYTES_PER_ELEMENT) {
      throw new PackError(`tensor ${name} has ${end - start} bytes, not those of [${shape}] ${dtype}`);
    }
    if (dataStart + end > fileBytes) {
      throw new PackError(
        `the file is cut off: tensor ${name} ends at byte ${dataStart + end} of ${fileBytes}`,
      );
    }
    expected = end;
    return { name, dtype, shape, elements, start: dataStart + start };
  });
  return { metadata, tensors, bytes: dataStart + expected };
}

/**
 * The bytes of a file before its first tensor; undefined when too few are there to tell.
 * @throws PackError when there are more than any pack has.
 */
export function headBytes(beginning: Uint8Array): number | undefined {
  if (beginning.length < PREFIX_BYTES) return undefined;
  const length = new DataView(beginning.buffer, beginning.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw new PackError(`the header claims ${length} bytes: not a pack`);
  return PREFIX_BYTES + Number(length);
}

function readHeader(file: Uint8Array) {
  const dataStart = headBytes(file);
  if (dataStart === undefined) throw new PackError(`the file has ${file.length} bytes, too few for a header`);
  if (dataStart > file.length) throw new PackError('the file is cut off within its header');
  let header: unknown;
  try {
    header = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        file.subarray(PREFIX_BYTES, dataStart),
      ),
    );
  } catch {
    throw new PackError('the header is not JSON');
  }
  if (!isRecord(header)) throw new PackError('the header is not a JSON object');
  return { header, dataStart };
}

function describe(name: string, entry: unknown) {
  if (!isRecord(entry)) throw new PackError(`tensor ${name} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) throw new PackError(`tensor ${name} has dtype ${JSON.stringify(dtype)}`);
  if (!isSizes(shape)) throw new PackError(`tensor ${name} has no valid shape`);
  const [start, end] = isSizes(offsets) && offsets.length === 2 ? offsets : [];
  if (start === undefined || end === undefined || end < start) {
    throw new PackError(`tensor ${name} has no valid data_offsets`);
  }
  return { name, dtype, shape, start, end };
}

function dtypeOf(data: TensorData): Dtype {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Uint32Array) return 'U32';
  if (data instanceof Uint16Array) return 'U16';
  return data instanceof Int8Array ? 'I8' : 'U8';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((item) => typeof item === 'string');
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(VIEWS, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
