/** One message of a server-sent event stream (HTML standard, section 9.2). */
export interface StreamMessage {
  event: string;
  data: string;
  id: string | undefined;
}

/** Reads messages out of the bytes of a `text/event-stream`, wherever they are cut. */
export async function* readEventStream(chunks: AsyncIterable<Buffer>): AsyncGenerator<StreamMessage, void, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    let from = 0;
    for (;;) {
      const end = text.indexOf('\n\n', from);
      if (end < 0) break;
      const message = parseMessage(text.slice(from, end));
      from = end + 2;
      if (message !== undefined) yield message;
    }
    text = text.slice(from);
  }
}

function parseMessage(block: string): StreamMessage | undefined {
  let event = 'message';
  let id: string | undefined;
  const data: string[] = [];
  let isEmpty = true;
  for (const line of block.split('\n')) {
    if (line === '' || line.startsWith(':')) continue;
    isEmpty = false;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
  }
  return isEmpty ? undefined : { event, data: data.join('\n'), id };
}
