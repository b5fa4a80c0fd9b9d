/** What `kernel/kernel.ts` exports; nothing of its own lies in memory from `dataEnd` on. Addresses are in bytes, sizes in numbers. */
export interface KernelExports {
  dataEnd(): number;
  add(out: number, vector: number, other: number, count: number): void;
  widenRow(row: number, scale: number, width: number, to: number): void;
  multiplyInto(
    out: number,
    vector: number,
    count: number,
    matrix: number,
    columns: number,
    first: number,
    end: number,
  ): void;
  stepSimple(gates: number, h: number, H: number): void;
  resetGru(gates: number, h: number, reset: number, H: number): void;
  stepGru(gates: number, h: number, H: number): void;
  stepLstm(gates: number, h: number, c: number, H: number): void;
  preparedBytes(width: number): number;
  rowSumBytes(count: number): number;
  sumRows(rows: number, count: number, width: number, sums: number): void;
  scoreRows(
    rows: number,
    sums: number,
    scales: number,
    bias: number,
    count: number,
    width: number,
    vectors: number,
    vectorBytes: number,
    vectorScales: number,
    batch: number,
    logits: number,
    logitBytes: number,
    inverse: number,
    totals: number,
  ): void;
  sumPowers(logits: number, count: number, inverse: number, total: number): void;
  findTop(logits: number, count: number, k: number, places: number, values: number): void;
  scoreRules(rules: number, history: number, length: number, to: number): void;
  scoreNeighbours(tables: number, space: number, history: number, length: number, to: number): void;
  mixBest(mixing: number, rules: number, neighbours: number, best: number, k: number, found: number): number;
}
