// The elements that an animation without end moves, by the name of the element and, inside a picture, by its path.
() =>
  document
    .getAnimations()
    .filter((animation) => animation.effect.getComputedTiming().iterations === Number.POSITIVE_INFINITY)
    .map(({ effect: { target } }) => (target.ownerSVGElement ? `svg ${target.tagName}` : target.tagName.toLowerCase()));
