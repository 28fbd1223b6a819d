// What every part's script begins with: the ways to the other parts.
const box = () => document.querySelector('#question textarea');
const tab = name => document.querySelector(`#tabs [role=tab][data-tab-id="${name}-tab"]`);
const inRoom = name => tab(name)?.getAttribute('aria-selected') === 'true';

// Gradio draws its parts in no promised order.
function whenThere(selector, act) {
  const part = document.querySelector(selector);
  if (part) act(part);
  else setTimeout(() => whenThere(selector, act), 100);
}
