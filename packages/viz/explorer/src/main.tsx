import { render } from 'preact';
import { App } from './app.js';
import { Router, RouterContext } from './state/router.js';

render(
  <RouterContext.Provider value={new Router(window)}>
    <App />
  </RouterContext.Provider>,
  document.getElementById('app')!,
);
