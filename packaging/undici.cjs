'use strict';
// What bearerd and its packages use of undici, each part loaded at its first use. undici's own index loads fetch,
// WebSocket, caches and mocks too, and wakes a second undici inside Node: a fifth of a cold start.

const Dispatcher = require('undici/lib/dispatcher/dispatcher.js');

// undici's index gives its dispatchers all methods of its interface; this is the one that is used
Dispatcher.prototype.request = require('undici/lib/api/api-request.js');

const parts = {
  Agent: () => require('undici/lib/dispatcher/agent.js'),
  BalancedPool: () => require('undici/lib/dispatcher/balanced-pool.js'),
  Client: () => require('undici/lib/dispatcher/client.js'),
  Pool: () => require('undici/lib/dispatcher/pool.js'),
  ProxyAgent: () => require('undici/lib/dispatcher/proxy-agent.js'),
  buildConnector: () => require('undici/lib/core/connect.js'),
  errors: () => require('undici/lib/core/errors.js'),
  getGlobalDispatcher: () => require('undici/lib/global.js').getGlobalDispatcher,
};

module.exports = { Dispatcher, request };
for (const [name, get] of Object.entries(parts)) Object.defineProperty(module.exports, name, { get, enumerable: true });

/** undici's `request`; bearerd always names the dispatcher. */
function request(url, { dispatcher, ...options }) {
  const { origin, pathname, search } = new URL(url);
  return dispatcher.request({ ...options, origin, path: pathname + search });
}
