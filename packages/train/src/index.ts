export * from './data/index.js';
export * from './objectives/index.js';
