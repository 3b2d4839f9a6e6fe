// Loaded, it lets all that is imported from then on be TypeScript, which Node 20 doesn't load by itself.
import 'tsx';
