'use client';
import { type CSSVariablesResolver, MantineProvider } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { theme } from '../lib/theme.ts';

const ours = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-faint)',
  '--mantine-color-placeholder': 'var(--ink-faint)',
  '--mantine-color-error': 'var(--bad)',
};

/** Mantine's own greys are a little too pale for text; ours hold the contrast of WCAG AA. */
const variables: CSSVariablesResolver = () => ({ variables: {}, light: ours, dark: ours });

declare global {
  /** Read by get-nonce, on which Mantine's dialogs rely for the style that keeps the page behind them from scrolling. */
  var __webpack_nonce__: string | undefined;
}

export function Appearance({ nonce: rendered, children }: { nonce: string | undefined; children: ReactNode }) {
  // The policy is the document's: what is rendered later for the same document comes with a nonce that is not in it.
  const [nonce] = useState(rendered);
  if (typeof window !== 'undefined') globalThis.__webpack_nonce__ = nonce;
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      {...(nonce === undefined ? {} : { getStyleNonce: () => nonce })}
    >
      {children}
    </MantineProvider>
  );
}
