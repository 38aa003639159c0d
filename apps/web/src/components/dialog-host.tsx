'use client';
import { type ComponentType, createContext, type ReactNode, useCallback, useContext, useState } from 'react';

/**
 * A place above the pages that holds one dialog: what it is about may leave the page meanwhile, and the dialog goes on
 * telling of it.
 *
 * @param name of the provider, for who forgets it
 */
export function createDialogHost<Asked extends object>(Dialog: ComponentType<Asked & { close(): void }>, name: string) {
  const Context = createContext<((asked: Asked) => void) | undefined>(undefined);
  function Provider({ children }: { children: ReactNode }) {
    const [asked, setAsked] = useState<Asked>();
    const close = useCallback(() => setAsked(undefined), []);
    return (
      <Context.Provider value={setAsked}>
        {children}
        {asked && <Dialog {...asked} close={close} />}
      </Context.Provider>
    );
  }
  /** Opens the dialog. */
  function useAsk(): (asked: Asked) => void {
    const ask = useContext(Context);
    if (ask === undefined) throw new Error(`the dialog is asked for outside ${name}`);
    return ask;
  }
  return { Provider, useAsk };
}
