export * from './objectives/index.js';
