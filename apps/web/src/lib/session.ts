import { SessionView } from '@bulkhead/api';
import { headers } from 'next/headers';

const sessionHeader = 'x-bulkhead-session';

/** Who is signed in, as our server found out before it had this page rendered. For show alone: every call is authorised by itself. */
export async function readSession(): Promise<SessionView> {
  const text = (await headers()).get(sessionHeader);
  if (text === null) return { role: 'anonymous', tenants: [] };
  return SessionView.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
}
