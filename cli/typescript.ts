// Once this module is loaded, Node 20 can import TypeScript.
import 'tsx';
