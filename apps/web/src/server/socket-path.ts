/** Where browsers open their one WebSocket. */
export const socketPath = '/api/ws';
