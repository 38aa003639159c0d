/** Answer of a better-auth route, reduced to what a form shows. */
export type AuthAnswer = { ok: true } | { ok: false; reason: 'wrong' | 'too-many' | 'unreachable'; retryAfterSeconds: number | undefined };

async function post(path: string, body: object): Promise<AuthAnswer> {
  let response: Response;
  try {
    response = await fetch(`/api/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    return { ok: false, reason: 'unreachable', retryAfterSeconds: undefined };
  }
  if (response.ok) return { ok: true };
  if (response.status === 429)
    return { ok: false, reason: 'too-many', retryAfterSeconds: Number(response.headers.get('x-retry-after')) || undefined };
  return { ok: false, reason: response.status < 500 ? 'wrong' : 'unreachable', retryAfterSeconds: undefined };
}

export const signIn = (email: string, password: string): Promise<AuthAnswer> => post('/sign-in/email', { email, password });
export const signOut = (): Promise<AuthAnswer> => post('/sign-out', {});
export const changePassword = (currentPassword: string, newPassword: string): Promise<AuthAnswer> =>
  post('/change-password', { currentPassword, newPassword, revokeOtherSessions: true });
