export * from './cells';
export { dataEnd } from './math';
export { sumPowers } from './powers';
export { preparedBytes, rowSumBytes, sumRows } from './products';
export * from './scores';
export * from './top';
