import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, told apart by whether their client has sent its whole request. */
export class Connections {
  readonly #requests = new Map<Socket, IncomingMessage | undefined>();

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#requests.set(socket, undefined);
      socket.once('close', () => this.#requests.delete(socket));
    });
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const { socket } = incoming;
      this.#requests.set(socket, incoming);
      outgoing.once('close', () => this.#requests.has(socket) && this.#requests.set(socket, undefined));
    });
  }

  /** Ends those that nothing is being answered on: idle ones, and clients that stopped in the middle of a request. */
  endUnanswered(): void {
    for (const [socket, incoming] of this.#requests) if (!incoming?.complete) socket.destroy();
  }
}
