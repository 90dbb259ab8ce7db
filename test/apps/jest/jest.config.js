// jest.config.js
export default {
  transform: {}, // infer is made of ES modules: node --experimental-vm-modules node_modules/jest/bin/jest.js
  testEnvironment: './node-arrays.js',
  testEnvironmentOptions: { customExportConditions: ['node', 'node-addons'] }, // jsdom would get what browsers get
};
