// next.config.js
export default {
  output: 'export',
};
