/** A page that is open. */
export interface LiveClient {
  /** Resolves once the text has left for the client. */
  send(text: string): Promise<void>;
  /** Ends the connection. */
  drop(): void;
}

/** The texts that a client may have to wait for. A client with more is dropped: it connects again when it can. */
const MOST_WAITING = 4;

/** The open pages. A page that doesn't take what it is sent is dropped, so that it doesn't fill the memory. */
export function createLiveClients() {
  const clients = new Map<LiveClient, { waiting: number; onLeave: () => void }>();
  const leave = (client: LiveClient) => {
    const known = clients.get(client);
    clients.delete(client);
    known?.onLeave();
  };
  const drop = (client: LiveClient) => {
    leave(client);
    client.drop();
  };
  const sendTo = (client: LiveClient, text: string) => {
    const known = clients.get(client);
    if (known === undefined) return;
    if (known.waiting >= MOST_WAITING) return drop(client);
    known.waiting += 1;
    client.send(text).then(
      () => {
        known.waiting -= 1;
      },
      () => drop(client),
    );
  };
  return {
    count: () => clients.size,
    add(client: LiveClient, onLeave: () => void) {
      clients.set(client, { waiting: 0, onLeave });
      return () => leave(client);
    },
    sendTo,
    send(text: string) {
      for (const client of [...clients.keys()]) sendTo(client, text);
    },
    dropAll() {
      for (const client of [...clients.keys()]) drop(client);
    },
  };
}
