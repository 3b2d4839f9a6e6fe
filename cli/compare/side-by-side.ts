export { sideBySide } from 'freshet-aws/internal/core/side-by-side';
