import { storeOf } from './store.ts';

/** The themes: that of the system, or one of the two. */
export const THEMES = ['system', 'light', 'dark'] as const;

export type Theme = (typeof THEMES)[number];

const KEY = 'freshet-theme';

/** The chosen theme. */
export const theme = storeOf<Theme>(remembered());

/** Grows with each change of the colours, also of those of the system. */
export const colours = storeOf(0);

/** Applies the theme and remembers its changes. */
export function startTheme(): void {
  const apply = () => {
    document.documentElement.dataset.theme = theme.get();
    colours.set(colours.get() + 1);
  };
  apply();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  theme.follow(() => {
    apply();
    try {
      localStorage.setItem(KEY, theme.get());
    } catch {
      // A browser may forbid storage. Then the theme isn't remembered.
    }
  });
}

function remembered(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return THEMES.find((one) => one === stored) ?? 'system';
  } catch {
    return 'system';
  }
}
