/** Nonce of this page's content security policy, as our server put it into the request. */
export function nonceOf(headers: Pick<Headers, 'get'>): string | undefined {
  return /'nonce-([A-Za-z0-9+/_-]+={0,2})'/.exec(headers.get('content-security-policy') ?? '')?.[1];
}
