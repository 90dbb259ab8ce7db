// webpack.config.js
export default {
  mode: 'production',
  entry: { page: './page.js' },
};
