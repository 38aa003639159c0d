import type { InvoiceLine } from '@bulkhead/model';
import { useTranslations } from 'next-intl';

/** What lines and prices are called in the reader's language. Names that people gave stay as they are. */
export function useLineWords() {
  const t = useTranslations('billing');
  const describe = ({ kind, meter, tier, description, refersTo }: InvoiceLine): string => {
    const name = meter === undefined ? description : t(`meter.${meter}`);
    switch (kind) {
      case 'usage':
        return tier === undefined ? name : t('line.tier', { name, tier });
      case 'included':
        return t('line.included', { name });
      case 'minimum':
        return meter === undefined ? t('line.minimum') : t('line.minimumOf', { name });
      case 'cap':
        return meter === undefined ? t('line.cap') : t('line.capOf', { name });
      case 'correction':
        return meter === undefined ? description : t('line.correction', { name, number: refersTo ?? '' });
      case 'fee':
      case 'credit':
        return description;
    }
  };
  return { describe };
}
