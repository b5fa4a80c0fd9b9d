/**
 * The product of float32 matrices, in AssemblyScript, on the heap of tfjs's wasm backend. Either side may be transposed:
 * matrices are packed into slivers before they are multiplied, so that strides cost next to nothing.
 *
 * @see Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication", for the blocking.
 */

/** A tile of the result, in registers: 8 sums of 4 lanes leave room for what is multiplied. */
const TILE_ROWS: usize = 4;
const TILE_COLUMNS: usize = 8;
/** Depth of a block: a sliver of 8 columns is 8 KB, and stays in the nearest cache. */
const BLOCK_DEPTH: usize = 256;
const BLOCK_ROWS: usize = 48;
/** A packed block on the right is 2 MB at most. */
const BLOCK_COLUMNS: usize = 2048;

/** Bytes of a float, and so from one row to the next of a packed sliver on the left, on the right. */
const FLOAT: usize = 4;
const LEFT_STEP: usize = TILE_ROWS * FLOAT;
const RIGHT_STEP: usize = TILE_COLUMNS * FLOAT;

const PACKED_RIGHT: usize = BLOCK_DEPTH * BLOCK_COLUMNS * FLOAT;
const PACKED_LEFT: usize = BLOCK_DEPTH * BLOCK_ROWS * FLOAT;

/** Bytes of the scratch that `multiply` asks for. */
export function scratchBytes(): usize {
  return PACKED_RIGHT + PACKED_LEFT + TILE_ROWS * RIGHT_STEP;
}

/**
 * out [m, n] = left [m, k] × right [k, n], none of the sizes 0.
 * @param leftRow bytes from one row of the left matrix to the next, and `leftColumn` from one column; so for the right.
 * @param out the result, row by row without gaps; aligned to 4 bytes, as all else.
 */
export function multiply(
  left: usize,
  leftRow: usize,
  leftColumn: usize,
  right: usize,
  rightRow: usize,
  rightColumn: usize,
  out: usize,
  m: usize,
  k: usize,
  n: usize,
  scratch: usize,
): void {
  const packedRight = scratch;
  const packedLeft = packedRight + PACKED_RIGHT;
  const edge = packedLeft + PACKED_LEFT;
  for (let j: usize = 0; j < n; j += BLOCK_COLUMNS) {
    const columns = min(BLOCK_COLUMNS, n - j);
    for (let p: usize = 0; p < k; p += BLOCK_DEPTH) {
      const depth = min(BLOCK_DEPTH, k - p);
      pack(
        right + p * rightRow + j * rightColumn,
        rightColumn,
        rightRow,
        columns,
        depth,
        packedRight,
        TILE_COLUMNS,
      );
      for (let i: usize = 0; i < m; i += BLOCK_ROWS) {
        const rows = min(BLOCK_ROWS, m - i);
        pack(left + i * leftRow + p * leftColumn, leftRow, leftColumn, rows, depth, packedLeft, TILE_ROWS);
        const at = out + (i * n + j) * FLOAT;
        multiplyBlock(packedLeft, packedRight, at, rows, depth, columns, n * FLOAT, p > 0, edge);
      }
    }
  }
}

/** Multiplies packed blocks, sliver by sliver, into the result or on top of it. */
function multiplyBlock(
  left: usize,
  right: usize,
  out: usize,
  rows: usize,
  depth: usize,
  columns: usize,
  stride: usize,
  adds: bool,
  edge: usize,
): void {
  for (let j: usize = 0; j < columns; j += TILE_COLUMNS) {
    for (let i: usize = 0; i < rows; i += TILE_ROWS) {
      const a = left + i * depth * FLOAT;
      const b = right + j * depth * FLOAT;
      const at = out + i * stride + j * FLOAT;
      if (i + TILE_ROWS <= rows && j + TILE_COLUMNS <= columns) {
        multiplyTile(a, b, depth, at, stride, adds);
      } else {
        multiplyTile(a, b, depth, edge, RIGHT_STEP, false);
        copyEdge(edge, at, min(TILE_ROWS, rows - i), min(TILE_COLUMNS, columns - j), stride, adds);
      }
    }
  }
}

/** One tile [4, 8]: the loop that all the time goes into. */
function multiplyTile(a: usize, b: usize, depth: usize, out: usize, stride: usize, adds: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (const end = a + depth * LEFT_STEP; a < end; a += LEFT_STEP, b += RIGHT_STEP) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(x, b0));
    c01 = f32x4.add(c01, f32x4.mul(x, b1));
    x = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(x, b0));
    c11 = f32x4.add(c11, f32x4.mul(x, b1));
    x = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(x, b0));
    c21 = f32x4.add(c21, f32x4.mul(x, b1));
    x = v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(x, b0));
    c31 = f32x4.add(c31, f32x4.mul(x, b1));
  }
  put(out, c00, c01, adds);
  put(out + stride, c10, c11, adds);
  put(out + 2 * stride, c20, c21, adds);
  put(out + 3 * stride, c30, c31, adds);
}

function put(at: usize, low: v128, high: v128, adds: bool): void {
  v128.store(at, adds ? f32x4.add(v128.load(at), low) : low);
  v128.store(at, adds ? f32x4.add(v128.load(at, 16), high) : high, 16);
}

/** Copies the part of a tile that lies within the result. */
function copyEdge(tile: usize, out: usize, rows: usize, columns: usize, stride: usize, adds: bool): void {
  for (let i: usize = 0; i < rows; i++) {
    for (let j: usize = 0; j < columns; j++) {
      const at = out + i * stride + j * FLOAT;
      const value = load<f32>(tile + i * RIGHT_STEP + j * FLOAT);
      store<f32>(at, adds ? load<f32>(at) + value : value);
    }
  }
}

/**
 * Packs `count` lines of a matrix, `depth` numbers each, into slivers of some lines side by side; the last is filled up with zeros.
 * @param line bytes from one line to the next, and `step` from one number of a line to the next.
 */
function pack(
  from: usize,
  line: usize,
  step: usize,
  count: usize,
  depth: usize,
  to: usize,
  width: usize,
): void {
  for (let first: usize = 0; first < count; first += width) {
    const lines = min(width, count - first);
    const start = from + first * line;
    if (lines === width && line === FLOAT) {
      for (let p: usize = 0; p < depth; p++) {
        for (let i: usize = 0; i < width; i += 4, to += 16)
          v128.store(to, v128.load(start + p * step + i * FLOAT));
      }
      continue;
    }
    for (let p: usize = 0; p < depth; p++) {
      const at = start + p * step;
      for (let i: usize = 0; i < width; i++, to += FLOAT)
        store<f32>(to, i < lines ? load<f32>(at + i * line) : 0);
    }
  }
}
