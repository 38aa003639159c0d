import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Content-Security-Policy of one page. Scripts and style sheets need its nonce; style attributes cannot carry one. */
export function contentSecurityPolicy(nonce: string, secure: boolean): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src-elem 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    ...(secure ? ['upgrade-insecure-requests'] : []),
  ].join('; ');
}

export const newNonce = (): string => randomBytes(16).toString('base64url');

export function setSecurityHeaders(response: ServerResponse, secure: boolean): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()');
  if (secure) response.setHeader('strict-transport-security', 'max-age=31536000');
}

/** Sent by our own page with every call; no form and no foreign page can add it without asking first. */
export const clientHeader = 'x-bulkhead-client';

/** True where the browser says that the request comes from a page of this very server. */
export function isSameOrigin(request: IncomingMessage, secure: boolean): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && host !== undefined && origin === `${secure ? 'https' : 'http'}://${host}`;
}

/** Why a changing request is refused, or undefined where it may go on. */
export function refuseForeign(request: IncomingMessage, secure: boolean, wantsClientHeader: boolean): string | undefined {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  if (!isSameOrigin(request, secure)) return 'the request comes from another origin';
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return 'the request comes from another site';
  if (wantsClientHeader && request.headers[clientHeader] === undefined) return `the header ${clientHeader} is missing`;
  return undefined;
}
