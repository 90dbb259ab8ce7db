import * as tf from './names.js';

// All of it as `import tf from`, too.
export * from './names.js';
export default tf;
