using System.Numerics;

namespace StreamRuntime.Interleaving.Tests.Scheduling;

/// <summary>Decides who makes the next step, run after run.</summary>
internal abstract class Schedule
{
    /// <summary>Goes to the next run; false when all were run.</summary>
    public abstract bool TryBegin();

    /// <summary>Picks one of the actors that can go on.</summary>
    public abstract int Next(int ready);
}

/// <summary>
/// Follows words such as 0 0 1 2 1 …, in which each letter is one step of that actor. The letter of an actor that is blocked or done is passed over;
/// past the word's end actors go on in turn until nobody can.
/// </summary>
internal sealed class WordSchedule(Func<byte[], bool> next, int letters) : Schedule
{
    private readonly byte[] _word = new byte[letters];
    private int _position;
    private int _last;

    public override bool TryBegin()
    {
        _position = 0;
        _last = 0;
        return next(_word);
    }

    public override int Next(int ready)
    {
        while (_position < _word.Length)
        {
            int letter = _word[_position++];
            if ((ready >> letter & 1) != 0)
            {
                return letter;
            }
        }

        int later = ready & ~((2 << _last) - 1);
        return _last = BitOperations.TrailingZeroCount(later != 0 ? later : ready);
    }

    public override string ToString() => string.Concat(_word.Select(letter => (char)('0' + letter)));
}

/// <summary>Every schedule there really is: goes back to the last step where another actor could have gone on, until there is none.</summary>
internal sealed class ExhaustiveSchedule : Schedule
{
    private readonly List<(int Chosen, int Left)> _path = [];
    private int _depth;
    private bool _begun;

    public override bool TryBegin()
    {
        _depth = 0;
        if (!_begun)
        {
            return _begun = true;
        }

        while (_path.Count > 0 && _path[^1].Left == 0)
        {
            _path.RemoveAt(_path.Count - 1);
        }

        if (_path.Count == 0)
        {
            return false;
        }

        _path[^1] = Split(_path[^1].Left);
        return true;
    }

    public override int Next(int ready)
    {
        if (_depth == _path.Count)
        {
            _path.Add(Split(ready));
        }

        return _path[_depth++].Chosen;
    }

    public override string ToString() => string.Concat(_path.Take(_depth).Select(step => (char)('0' + step.Chosen)));

    private static (int Chosen, int Left) Split(int ready) => (BitOperations.TrailingZeroCount(ready), ready & (ready - 1));
}
