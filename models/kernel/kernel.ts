export * from './cells';
export * from './scores';
