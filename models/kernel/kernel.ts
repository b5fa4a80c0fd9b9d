export * from './cells';
export { dataEnd } from './math';
export { mixBest } from './mixture';
export { scoreNeighbours } from './neighbours';
export { sumPowers } from './powers';
export { preparedBytes, rowSumBytes, sumRows } from './products';
export { scoreRules } from './rules';
export * from './scores';
export * from './top';
