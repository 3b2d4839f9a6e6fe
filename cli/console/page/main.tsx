import { render } from 'preact';
import { App } from './app.tsx';
import { startLive } from './live/live.ts';
import { startTheme } from './live/theme.ts';
import './style/base.css';
import './style/shell.css';
import './style/parts.css';
import './style/values.css';
import './style/overlays.css';
import './style/flow.css';
import './style/stations.css';
import './style/narrow.css';
import './style/panel.css';
import './style/entities.css';
import './style/entity.css';
import './style/lists.css';
import './style/motion.css';

const root = document.getElementById('page');
if (root !== null) {
  startTheme();
  startLive();
  render(<App />, root);
}
