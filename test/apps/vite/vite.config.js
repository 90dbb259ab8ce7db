// vite.config.js
export default {
  build: { target: 'es2022' }, // not needed by Vite 7
  optimizeDeps: { exclude: ['onnxruntime-web'] },
};
