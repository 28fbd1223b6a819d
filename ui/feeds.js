// Run once by the list of watched feeds, with `element` and `trigger`.
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-act]');
  if (button) trigger('select', {act: button.dataset.act, url: button.dataset.url});
});
