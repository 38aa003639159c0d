import type { Page } from 'playwright-core';
import type { TestInstance } from './instance.ts';

/** Makes the first administrator of an instance in a browser, through the link that `up` printed, and leaves the overview open. */
export async function becomeAdministrator(instance: Pick<TestInstance, 'setupLink' | 'url'>, page: Page): Promise<void> {
  if (instance.setupLink === undefined) throw new Error('up printed no set-up link');
  const secret = 'a passphrase for a test only';
  await page.goto(instance.setupLink);
  await page.locator('input[name=name]').fill('Ada');
  await page.locator('input[name=email]').fill('ada@example.org');
  await page.locator('input[name=password]').fill(secret);
  await page.locator('input[name=repeat]').fill(secret);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.waitForURL(`${instance.url}/`);
}
