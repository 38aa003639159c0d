import type messages from '../../messages/en.json';
import type { Locale as KnownLocale } from './locale.ts';

declare module 'next-intl' {
  interface AppConfig {
    Locale: KnownLocale;
    Messages: typeof messages;
  }
}
