/** The icons, each drawn on a grid of 16. */
const PATHS = {
  stopped: 'M5.2 1.5h5.6L14.5 5.2v5.6L10.8 14.5H5.2L1.5 10.8V5.2zM5.5 8h5',
  paused: 'M5.5 3v10M10.5 3v10',
  refusing: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M3.5 3.5l9 9',
  paced: 'M2 12a6 6 0 1 1 12 0M8 12l3-4.5',
  alarm: 'M3 12h10c-1-1.2-1.5-2.5-1.5-5a3.5 3.5 0 0 0-7 0c0 2.5-.5 3.8-1.5 5M6.8 14.3h2.4M8 1.5v2',
  dead: 'M1.5 3.5h13v9h-13zM1.5 4l6.5 5 6.5-5M6 10.5l4 0',
  parked: 'M2.5 1.5h11v13h-11zM6.2 12V4.5h2.3a2.2 2.2 0 0 1 0 4.5H6.2',
  over: 'M1.5 10c2-2 4.3-2 6.5 0s4.5 2 6.5 0M1.5 13.5c2-2 4.3-2 6.5 0s4.5 2 6.5 0M8 7V1.5M5.5 4 8 1.5 10.5 4',
  late: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M8 4.5V8l2.5 2',
  unread: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M6 6.2a2 2 0 1 1 2.6 1.9c-.4.2-.6.5-.6 1.2M8 11.6v.2',
  fine: 'M2.5 8.5l3.5 3.5 7.5-8',
  wrong: 'M8 1.5l6.8 12.5H1.2zM8 6v3.8M8 11.8v.2',
  heat: 'M8 1.5c.5 3 4.2 4.5 4.2 8.3A4.2 4.2 0 0 1 8 14.5a4.2 4.2 0 0 1-4.2-4.7c0-1.8 1-2.8 1.7-3.8.4 1 .8 1.5 1.5 1.8C6.5 5.5 7 3 8 1.5',
  held: 'M3.5 7h9v7h-9zM5.5 7V4.5a2.5 2.5 0 0 1 5 0V7',
  lost: 'M5 11L2 14M11 5l3-3M6.5 3.8l1.3-1.3a3 3 0 0 1 4.3 4.3l-1.3 1.3M9.5 12.2l-1.3 1.3a3 3 0 0 1-4.3-4.3l1.3-1.3',
  search: 'M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2M10.8 10.8 14 14',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  light:
    'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M3 13l1.1-1.1M11.9 4.1 13 3',
  dark: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7',
  system: 'M1.5 2.5h13v8.5h-13zM5.5 14h5M8 11v3',
  start: 'M4.5 2.5v11l9-5.5z',
  again: 'M13.5 8a5.5 5.5 0 1 1-1.6-3.9M13.5 1.5v3.2h-3.2',
  down: 'M3.5 6 8 10.5 12.5 6',
  right: 'M6 3.5l4.5 4.5L6 12.5',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  load: 'M8 1.5v9M4.5 7.5 8 11l3.5-3.5M2 14h12',
  edit: 'M10.5 2.5l3 3L6 13l-3.5.5L3 10z',
  flow: 'M1.5 5c2-2 4.3-2 6.5 0s4.5 2 6.5 0M1.5 11c2-2 4.3-2 6.5 0s4.5 2 6.5 0',
  entities: 'M2 3h12M2 8h12M2 13h12',
  numbers: 'M2 13.5V2.5M2 13.5h12M4.5 10.5l3-4 2.5 2 3.5-5',
  contracts: 'M3.5 1.5h6l3 3v10h-9zM6 7.5h4M6 10.5h4',
  sagas:
    'M3.5 3.5m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M12.5 3.5m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M8 12.5m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M4.5 5.3 7 10.7M11.5 5.3 9 10.7',
  keys: 'M1.5 4h13v8.5h-13zM4 6.8h.1M7 6.8h.1M10 6.8h.1M12.5 6.8h.1M5 10h6',
} as const;

export type IconName = keyof typeof PATHS;

/** An icon. It is always beside a text that says the same. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
