// Run once by what an empty conversation shows, with `element` and `trigger`: asks the question that is chosen.
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-question]');
  if (button) trigger('select', {question: button.dataset.question});
});
